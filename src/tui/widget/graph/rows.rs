//! Which row every item stands in: as near to its neighbours' as order and heights allow.

use super::order::{Columns, Item};

/// Passes to and fro over the columns.
const PASSES: usize = 6;

/// How tall things are at a level of detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heights {
    /// Rows of a job.
    pub job: i32,
    /// Empty rows between two nodes.
    pub gap: i32,
}

/// Rows per item, the topmost 0.
pub(super) fn rows(
    columns: &Columns,
    is_resource: &dyn Fn(usize) -> bool,
    heights: Heights,
) -> Vec<i32> {
    let mut rows = vec![0i32; columns.items.len()];
    let apart = |above: usize, below: usize| -> i32 {
        let height = match columns.items[above] {
            Item::Node(node) if is_resource(node) => 1,
            Item::Node(_) => heights.job,
            Item::Lane(_) => 1,
        };
        match (columns.items[above], columns.items[below]) {
            (Item::Node(_), Item::Node(_)) => height + heights.gap,
            _ => height,
        }
    };
    for column in &columns.ranks {
        for pair in column.windows(2) {
            rows[pair[1]] = rows[pair[0]] + apart(pair[0], pair[1]);
        }
    }
    let last_row = |column: &Vec<usize>| column.last().map_or(0, |&item| rows[item]);
    let tallest = (0..columns.ranks.len())
        .max_by_key(|&rank| (last_row(&columns.ranks[rank]), std::cmp::Reverse(rank)))
        .unwrap_or(0);
    let count = columns.ranks.len();
    // The tallest column stands as it is; the others first align to it, then all to all.
    for rank in (0..tallest).rev() {
        align(columns, rank, &mut rows, &apart, Near::Right);
    }
    for rank in tallest + 1..count {
        align(columns, rank, &mut rows, &apart, Near::Left);
    }
    for pass in 0..PASSES {
        let mut order: Vec<usize> = (0..count).collect();
        if pass % 2 == 0 {
            order.reverse();
        }
        for rank in order {
            align(columns, rank, &mut rows, &apart, Near::Both);
        }
    }
    let top = rows.iter().copied().min().unwrap_or(0);
    rows.iter_mut().for_each(|row| *row -= top);
    rows
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Near {
    Left,
    Right,
    Both,
}

/// Items that move as one, with what each of them wishes.
struct Block {
    wishes: Vec<(i32, f64)>,
    items: usize,
    at: i32,
}

impl Block {
    /// The weighted median, the upper one of two.
    fn settle(&mut self) {
        self.wishes.sort_by_key(|(row, _)| *row);
        let half = self.wishes.iter().map(|(_, w)| w).sum::<f64>() / 2.0;
        let mut sum = 0.0;
        for (row, weight) in &self.wishes {
            sum += weight;
            if sum + 1e-9 >= half {
                self.at = *row;
                return;
            }
        }
    }
}

/// Moves a column's items to the rows that cost least in all, order and distances kept: blocks that
/// would overlap are joined and settle at the median of their wishes.
fn align(
    columns: &Columns,
    rank: usize,
    rows: &mut [i32],
    apart: &dyn Fn(usize, usize) -> i32,
    near: Near,
) {
    let column = &columns.ranks[rank];
    let mut blocks: Vec<Block> = Vec::with_capacity(column.len());
    let mut offsets = Vec::with_capacity(column.len());
    let mut offset = 0;
    for (at, &item) in column.iter().enumerate() {
        if at > 0 {
            offset += apart(column[at - 1], item);
        }
        offsets.push(offset);
        let mut wishes = Vec::new();
        for (side, list) in [(Near::Left, &columns.left), (Near::Right, &columns.right)] {
            if near == side || near == Near::Both {
                wishes.extend(
                    list[item].iter().map(|&(other, weight)| (rows[other] - offset, weight)),
                );
            }
        }
        // A lane gives way: a bend costs it little.
        if matches!(columns.items[item], Item::Lane(_)) {
            wishes.iter_mut().for_each(|(_, weight)| *weight *= 0.2);
        }
        wishes.push((rows[item] - offset, 0.05));
        let mut block = Block { wishes, items: 1, at: 0 };
        block.settle();
        while let Some(above) = blocks.pop_if(|above| above.at > block.at) {
            block.wishes.extend(above.wishes);
            block.items += above.items;
            block.settle();
        }
        blocks.push(block);
    }
    let mut item = 0;
    for block in blocks {
        for _ in 0..block.items {
            rows[column[item]] = block.at + offsets[item];
            item += 1;
        }
    }
}
