//! The graph as a list: for narrow terminals and for readers that speak. Ranks are sections, one
//! job a line, what it comes from after it.

use super::plan::Plan;
use crate::tui::widget::{Chip, Column, Fill, List, Row, Words};

/// The list and, per row of it, the node that it stands for.
pub fn rank_list(plan: &Plan, chips: &[Chip], titles: &[String]) -> (List, Vec<Option<usize>>) {
    let mut list = List::new([
        Column::left("", Fill::Fixed(1)),
        Column::left("job", Fill::Content(30)),
        Column::left("", Fill::Share(1)),
        Column::right("", Fill::Content(8)),
    ]);
    list.gap = 1;
    let mut nodes = Vec::new();
    for (rank, column) in plan.by_rank().iter().enumerate() {
        if rank > 0 {
            list.rows.push(Row::Blank);
            nodes.push(None);
        }
        let title = titles.get(rank).cloned().unwrap_or_else(|| format!("rank {}", rank + 1));
        list.rows.push(Row::Section(
            Words::new().label(&title),
            Words::new().muted(column.len().to_string()),
        ));
        nodes.push(None);
        for &node in column {
            let Some(chip) = chips.get(node) else { continue };
            let name = |node: usize| plan.topology().nodes[node].name.as_str();
            let from: Vec<&str> = plan
                .topology()
                .edges
                .iter()
                .filter(|edge| edge.to == node)
                .map(|edge| name(edge.from))
                .collect();
            let from =
                if from.is_empty() { String::new() } else { format!("← {}", from.join(", ")) };
            let sign = chip.state();
            let label = match () {
                () if sign.is_red() => Words::new().bright(chip.name.as_str()),
                () if sign.is_quiet() => Words::new().muted(chip.name.as_str()),
                () => Words::new().text(chip.name.as_str()),
            };
            list.rows.push(Row::Cells {
                cells: vec![
                    Words::new().sign(sign),
                    label,
                    Words::new().muted(from),
                    Words::new().muted(chip.end.as_str()),
                ],
                more: Vec::new(),
                marked: chip.is_marked,
            });
            nodes.push(Some(node));
        }
    }
    (list, nodes)
}
