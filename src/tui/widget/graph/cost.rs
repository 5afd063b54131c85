//! How good an order looks: bridges and bends on the real rows and tracks.

use super::Topology;
use super::bundle::Net;
use super::order::{Columns, Item};
use super::place::Level;
use super::rank::Ranks;
use super::{place, rows};

/// Bridges, then the length of trunks: fewer is better.
pub(super) fn cost(topology: &Topology, ranks: &Ranks, nets: &[Net], columns: &Columns) -> f64 {
    let rows = rows::rows(
        columns,
        &|node| topology.nodes.get(node).is_some_and(|n| n.is_resource),
        Level::Facts.heights(),
    );
    let routes = place::Routes { topology, ranks, nets, columns, rows: &rows, level: Level::Facts };
    let mut bridges = 0usize;
    let mut length = 0i32;
    for gutter in 0..ranks.count.saturating_sub(1) {
        let hops = routes.hops(gutter);
        let tracks = super::track::assign(&hops);
        length += 12 * i32::try_from(tracks.doglegs.len()).unwrap_or(100);
        let spans: Vec<Option<(usize, i32, i32)>> = hops
            .iter()
            .map(|hop| {
                let all = || hop.left.iter().chain(&hop.right).copied();
                let track = *tracks.track.get(&hop.net)?;
                Some((track, all().min()?, all().max()?))
            })
            .collect();
        for (a, hop) in hops.iter().enumerate() {
            if let Some((_, low, high)) = spans[a] {
                length += high - low;
            }
            for (b, span) in spans.iter().enumerate() {
                let Some((track, low, high)) = *span else { continue };
                if a == b {
                    continue;
                }
                let inside = |row: &&i32| **row > low && **row < high;
                bridges += match spans[a] {
                    None => hop.left.iter().filter(inside).count(),
                    Some((own, ..)) if own > track => hop.left.iter().filter(inside).count(),
                    Some(_) => hop.right.iter().filter(inside).count(),
                };
            }
        }
    }
    // The file's order is what people know: every pair that stands otherwise costs a little.
    let mut turned = 0usize;
    for column in &columns.ranks {
        let nodes: Vec<usize> = column
            .iter()
            .filter_map(|&item| match columns.items[item] {
                Item::Node(node) => Some(node),
                Item::Lane(_) => None,
            })
            .collect();
        turned += nodes.windows(2).filter(|pair| pair[0] > pair[1]).count();
    }
    bridges as f64 + f64::from(length) * 0.05 + turned as f64 * 0.6
}
