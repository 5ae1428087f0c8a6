//! Which process the kernel ends first when memory is short. The agent and its supervisors are spared (the unit asks for it); a script must
//! not be, or a runaway one would outlive everything else on the machine.

use std::fs;

const SCORE: &str = "/proc/self/oom_score_adj";

/// The score that this process gave up so that what it starts next is born without it. Call [`Spared::again`] afterwards.
pub struct Spared(Option<i32>);

/// Gives up being spared, if this process is.
pub fn not_spared() -> Spared {
    let own = fs::read_to_string(SCORE).ok().and_then(|text| text.trim().parse().ok()).filter(|score| *score < 0);
    Spared(own.filter(|_| fs::write(SCORE, "0").is_ok()))
}

impl Spared {
    /// Takes it back, where the system lets a process do so.
    pub fn again(self) {
        if let Some(score) = self.0 {
            let _ = fs::write(SCORE, score.to_string());
        }
    }
}
