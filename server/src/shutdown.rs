//! The one switch by which the whole server learns that it is to end.

use std::sync::Arc;

use tokio::sync::watch;

/// Begins the end, and lets everyone wait for it. All clones are one switch.
#[derive(Clone, Debug)]
pub struct Shutdown {
    begun: Arc<watch::Sender<bool>>,
}

impl Shutdown {
    /// A server that is to go on.
    #[expect(clippy::new_without_default, reason = "a switch by default would be one that nobody listens to")]
    pub fn new() -> Shutdown {
        Shutdown { begun: Arc::new(watch::Sender::new(false)) }
    }

    /// Makes everyone stop. Returns at once.
    pub fn begin(&self) {
        self.begun.send_replace(true);
    }

    /// Whether everyone is to stop.
    pub fn has_begun(&self) -> bool {
        *self.begun.borrow()
    }

    /// Waits until everyone is to stop. A loop pins this once and polls it again and again.
    pub async fn begun(&self) {
        let mut begun = self.begun.subscribe();
        // Fails only without a sender, and `self` is one.
        drop(begun.wait_for(|begun| *begun).await);
    }
}
