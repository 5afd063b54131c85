//! What a check costs that finds nothing new.

use std::time::{Duration, Instant};

use super::Bed;
use crate::support::git::Repository;

#[tokio::test]
async fn a_check_of_an_unchanged_local_repository_takes_next_to_nothing() {
    let repository = Repository::with(&[&[("a", "1"), ("b", "1")], &[("a", "2")]]);
    let uri = repository.uri();
    for more in ["", r#", "branch": "main""#, r#", "paths": ["a"]"#] {
        let bed = Bed::new("git", &format!(r#"{{"uri": "{uri}"{more}}}"#));
        let known = bed.check(None).await;
        bed.check(known.first()).await;
        let mut fastest = Duration::MAX;
        for _ in 0..20 {
            let start = Instant::now();
            assert_eq!(bed.check(known.first()).await, known);
            fastest = fastest.min(start.elapsed());
        }
        println!("unchanged check{more}: {fastest:?}");
        assert!(fastest < Duration::from_millis(5), "{fastest:?}");
    }
}
