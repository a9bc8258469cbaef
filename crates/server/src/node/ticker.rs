//! Wakes an app whose timers are due by an entry of the log.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use weir_codec::What;
use weir_event::Time;

use super::app::Progress;
use super::request::Requests;

/// The clock of this machine.
pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Runs until the app's thread or the node's log is gone.
pub(crate) async fn run(mut progress: watch::Receiver<Progress>, requests: Requests) {
    loop {
        let due = progress.borrow_and_update().due;
        let wait = match due {
            None => None,
            Some(due) => {
                let left = due.0.saturating_sub(now().0);
                Some(Duration::from_millis(u64::try_from(left).unwrap_or_default()))
            }
        };
        match wait {
            None => {
                if progress.changed().await.is_err() {
                    return;
                }
            }
            Some(Duration::ZERO) => {
                let Ok(answer) = requests.append(What::Tick, What::Tick.encode(), None).await
                else {
                    return;
                };
                let Ok(Ok(at)) = answer.await else { return };
                let applied = |it: &Progress| it.applied >= at || it.failed.is_some();
                if progress.wait_for(applied).await.is_err() {
                    return;
                }
            }
            Some(left) => {
                tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    changed = progress.changed() => if changed.is_err() {
                        return;
                    },
                }
            }
        }
    }
}
