//! DeregisterManagedInstance: the node is gone, with its tags; its credentials are refused from now on and its channel is closed.

use qd_model::ApiError;
use qd_model::shapes::nodes::{DeregisterManagedInstanceInput, DeregisterManagedInstanceOutput};
use qd_store::table::commands::Stage;
use qd_store::table::invocations::{self, Change};
use qd_store::table::sessions::{self, Status};
use qd_store::table::{connections, nodes, tags};
use qd_store::{StoreError, Tx};
use serde_json::json;

use super::{MANAGED_INSTANCE, unknown_node};
use crate::cx::Cx;
use crate::events;
use crate::fault::Fault;
use crate::ops;
use crate::ops::commands::advance::Scene;
use crate::ops::commands::moves::Moves;
use crate::task;

pub async fn run(cx: &Cx, input: DeregisterManagedInstanceInput) -> Result<DeregisterManagedInstanceOutput, ApiError> {
    let (id, now, arn) = (input.instance_id.clone(), cx.now_ms(), cx.shared().node_arn(&input.instance_id));
    let scene = Scene::of(cx.shared());
    let moved = cx
        .store()
        .write(move |tx| -> Result<_, Fault> {
            // Also announced to the other hubs, which forget its keys and close its channel.
            if !nodes::delete(tx, &id)? {
                return Err(unknown_node(&id).into());
            }
            tags::remove_all(tx, MANAGED_INSTANCE, &id)?;
            if let Some(channel) = connections::get(tx, &id)? {
                connections::remove(tx, &id, &channel.connection_id)?;
                events::connection_changed(tx, &scene, &id, false)?;
            }
            let commands = give_up(tx, &scene, &id)?;
            for session in sessions::live_of(tx, &id)? {
                ops::sessions::end(tx, &scene, &session, Status::Terminated, Some("The node was deregistered."))?;
                sessions::closed_on_node(tx, &session.session_id, None, None)?;
            }
            let detail = json!({ "instance-id": id });
            events::emit(tx, now, events::AWS, "SSM Managed Instance Deregistration", std::slice::from_ref(&arn), &detail)?;
            tx.notify(task::COMMANDS);
            Ok(commands)
        })
        .await
        .map_err(ApiError::from)?;
    moved.iter().for_each(|command_id| cx.shared().wakers.command(command_id));
    cx.shared().front.forget_node(&input.instance_id);
    cx.shared().registry.close(&input.instance_id);
    Ok(DeregisterManagedInstanceOutput {})
}

/// What was open on the node is over (semantics 2.3): nothing more will be heard of it. Returns the commands that can go on now.
fn give_up(tx: &mut Tx<'_>, scene: &Scene, instance_id: &str) -> Result<Vec<String>, StoreError> {
    let mut moves = Moves::new(scene);
    for invocation in invocations::open_of_node(tx, instance_id)? {
        let end = if invocation.stage == Stage::Cancelling { Stage::Cancelled } else { Stage::Undeliverable };
        let trace = Some("The node was deregistered.".to_owned());
        moves.change(tx, &invocation, &Change { trace, ..Change::to(end, scene.now) })?;
    }
    Ok(moves.close(tx)?.into_iter().map(|command| command.command_id).collect())
}
