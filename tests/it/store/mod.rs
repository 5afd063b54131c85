//! The store's contract: the same body on SQLite and on PostgreSQL.
//!
//! PostgreSQL is the one that `FLIGHTDECK_TEST_POSTGRES_URL` names; each test has a schema of its
//! own there.

mod build;
mod facts;
mod log;
mod pass;
mod pipeline;
mod scratch;
mod shared;
mod version;

/// Makes tests of bodies that take a [`scratch::Scratch`]: one on each database.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let scratch = crate::store::scratch::Scratch::sqlite().await;
                    super::$name(&scratch).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    if let Some(scratch) = crate::store::scratch::Scratch::postgres().await {
                        super::$name(&scratch).await;
                        scratch.remove().await;
                    }
                }
            )*
        }
    };
}
use on_both;
