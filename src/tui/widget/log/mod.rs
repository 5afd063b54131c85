//! Logs: kept whole in bounded memory, drawn line by line, searched in slices.
//!
//! [`LogStore`] keeps bytes and an index of lines; [`Rows`] says what stands in which row when
//! parts are folded or filtered; [`LogView`] draws the rows in view. Nothing is parsed before it is
//! seen.
//!
//! *Follows:* what terminals do with carriage returns and with the colours of SGR.

mod line;
mod rows;
mod search;
mod severity;
mod spill;
mod store;
#[cfg(test)]
mod tests;
mod view;

pub use line::{LogStyle, Parsed};
pub use rows::{Fold, LogRow, Rows};
pub use search::Search;
pub use severity::Severity;
pub use store::{LogStore, Text};
pub use view::{LogState, LogView, Times};
