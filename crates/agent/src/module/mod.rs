//! What runs as long as the agent does. Each module is a loop of its own and survives every failure of the hub.

pub mod control_channel;
pub mod heartbeat;
pub mod role;
