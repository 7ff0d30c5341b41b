//! An access token that the host supplies together with the refresh token that renews it.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::{
    AccessToken, AuthError, TokenSource, refresh_token::RefreshTokenLogin,
    static_token::StaticToken,
};

#[derive(Debug)]
pub(super) struct Handover {
    access_token: StaticToken,
    is_used: AtomicBool,
    refresh_token: RefreshTokenLogin,
}

impl Handover {
    pub(super) fn new(access_token: StaticToken, refresh_token: RefreshTokenLogin) -> Self {
        Self {
            access_token,
            is_used: AtomicBool::new(false),
            refresh_token,
        }
    }
}

#[async_trait]
impl TokenSource for Handover {
    async fn fetch(&self) -> Result<AccessToken, AuthError> {
        if !self.is_used.swap(true, Ordering::Relaxed)
            && let Ok(session) = self.access_token.fetch().await
        {
            return Ok(session);
        }
        self.refresh_token.fetch().await
    }

    fn has_news(&self) -> bool {
        self.refresh_token.has_news()
    }

    async fn settle(&self) {
        self.refresh_token.settle().await;
    }
}
