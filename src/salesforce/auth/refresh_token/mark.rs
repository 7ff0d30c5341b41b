//! The mark that a token is on its way. It is on the disk before the token is in the network.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use tokio::task::spawn_blocking;

use super::super::token_endpoint::Departure;
use crate::token_store::{Entry, Image, Locked, StoreError};

/// A mark that is written when the connection to the org stands.
#[derive(Default)]
pub(super) struct Mark {
    image: Option<Image>,
    /// Why it could not be written.
    mishap: Arc<Mutex<Option<StoreError>>>,
}

impl Mark {
    /// Marks the token, unless it is known that it survives its use.
    pub(super) fn set(entry: &mut Entry, store: Option<&mut Locked>) -> Self {
        let survives = entry.rotates == Some(false);
        entry.in_flight = (!survives).then(Timestamp::now);
        let image = store.filter(|_| !survives).map(|store| {
            store.put(entry.clone());
            store.image()
        });
        Self {
            image,
            ..Self::default()
        }
    }

    /// What has to succeed before the token is sent. `None` if there is nothing to write.
    pub(super) fn departure(&mut self) -> Option<Departure> {
        let image = self.image.take()?;
        let mishap = Arc::clone(&self.mishap);
        Some(Box::pin(async move {
            let written = spawn_blocking(move || image.write()).await;
            match written.map_err(io::Error::other)? {
                Ok(()) => Ok(()),
                Err(error) => {
                    *mishap.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Err(io::Error::other("the token store cannot be written"))
                }
            }
        }))
    }

    /// Why the token was not sent, if the reason is the store.
    pub(super) fn mishap(&self) -> Option<StoreError> {
        let mut mishap = self.mishap.lock().unwrap_or_else(PoisonError::into_inner);
        mishap.take()
    }
}
