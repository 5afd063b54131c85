//! How good an order looks: bridges and bends on the real rows and tracks.

use super::Topology;
use super::bundle::Net;
use super::order::{Columns, Item};
use super::place::Level;
use super::rank::Ranks;
use super::{place, rows};

/// Bridges, ways round, the length of trunks, and how far it is from the file's order: less is
/// better.
pub(super) fn cost(topology: &Topology, ranks: &Ranks, nets: &[Net], columns: &Columns) -> f64 {
    let rows = rows::rows(
        columns,
        &|node| topology.nodes.get(node).is_some_and(|n| n.is_resource),
        Level::Facts.heights(),
    );
    let routes = place::Routes { topology, ranks, nets, columns, rows: &rows, level: Level::Facts };
    let mut bridges = 0usize;
    let mut length = 0i32;
    for hops in routes.hops() {
        let tracks = super::track::assign(&hops);
        bridges += 4 * tracks.doglegs.len();
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
    // The file's order of jobs is what people know: each place where it is broken costs as much as a
    // few bridges.
    let mut turned = 0usize;
    for column in &columns.ranks {
        let nodes: Vec<usize> = column
            .iter()
            .filter_map(|&item| match columns.items[item] {
                Item::Node(node) => Some(node).filter(|&node| !topology.nodes[node].is_resource),
                Item::Lane(_) => None,
            })
            .collect();
        turned += nodes.windows(2).filter(|pair| pair[0] > pair[1]).count();
    }
    bridges as f64 + f64::from(length) * 0.05 + turned as f64 * 2.0
}
