//! In which order the keys of a map stand.
//!
//! *Follows:* the order in which Concourse's documentation lists keys, with what holds steps
//! after what is short, as in its examples. Keys that park anchors come first, because they must
//! stand before what refers to them.

use std::collections::BTreeSet;

/// What a map means, and so which keys it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Pipeline,
    Group,
    VarSource,
    Resource,
    ResourceType,
    Job,
    Retention,
    Display,
    Step,
    Parallel,
    AcrossVar,
    Task,
    Image,
    Run,
    File,
    Limits,
    /// Anything: its keys stay where they are.
    Free,
}

/// The key that merges another map in.
const MERGE: &str = "<<";

/// A map of more entries stays as it is: no map of a pipeline has as many keys, and sorting
/// looks at all pairs.
const MOST_SORTED: usize = 300;

type Keys = &'static [(&'static str, Shape)];

impl Shape {
    /// What a file means, by the keys at its top.
    pub(super) fn of_file<'k>(keys: impl Iterator<Item = &'k str>) -> Self {
        let keys: BTreeSet<&str> = keys.collect();
        match () {
            () if keys.contains("jobs") => Shape::Pipeline,
            () if keys.contains("platform") => Shape::Task,
            () => Shape::Free,
        }
    }

    /// What the value of a key means.
    pub(super) fn of(self, key: &str) -> Shape {
        let known = self.keys().iter().find(|(known, _)| *known == key);
        known.map_or(Shape::Free, |(_, shape)| *shape)
    }

    /// What an item means of a list that stands where this does.
    pub(super) fn of_item(self) -> Shape {
        if self == Shape::Parallel { Shape::Step } else { self }
    }

    /// The place of a key among the others.
    fn place(self, key: &str) -> usize {
        let keys = self.keys();
        match keys.iter().position(|(known, _)| *known == key) {
            Some(place) => place + 1,
            // What parks anchors stands first, what is nothing to Concourse last.
            None if self == Shape::Pipeline => 0,
            None => keys.len() + 1,
        }
    }

    fn keys(self) -> Keys {
        use Shape::*;
        match self {
            Pipeline => &[
                ("groups", Group),
                ("var_sources", VarSource),
                ("resources", Resource),
                ("resource_types", ResourceType),
                ("prototypes", ResourceType),
                ("jobs", Job),
                ("display", Display),
                ("user_data", Free),
            ],
            Group => &[("name", Free), (MERGE, Free), ("jobs", Free), ("resources", Free)],
            VarSource => &[("name", Free), ("type", Free), (MERGE, Free), ("config", Free)],
            Resource => &[
                ("name", Free),
                (MERGE, Free),
                ("old_name", Free),
                ("type", Free),
                ("source", Free),
                ("version", Free),
                ("check_every", Free),
                ("check_timeout", Free),
                ("tags", Free),
                ("public", Free),
                ("webhook_token", Free),
                ("icon", Free),
                ("expose_build_created_by", Free),
            ],
            ResourceType => &[
                ("name", Free),
                (MERGE, Free),
                ("type", Free),
                ("source", Free),
                ("defaults", Free),
                ("params", Free),
                ("privileged", Free),
                ("check_every", Free),
                ("tags", Free),
            ],
            Job => JOB,
            Retention => &[
                (MERGE, Free),
                ("days", Free),
                ("builds", Free),
                ("minimum_succeeded_builds", Free),
            ],
            Display => &[(MERGE, Free), ("background_image", Free), ("background_filter", Free)],
            Step => STEP,
            Parallel => &[(MERGE, Free), ("limit", Free), ("fail_fast", Free), ("steps", Step)],
            AcrossVar => &[("var", Free), (MERGE, Free), ("values", Free), ("max_in_flight", Free)],
            Task => &[
                (MERGE, Free),
                ("platform", Free),
                ("image_resource", Image),
                ("rootfs_uri", Free),
                ("container_limits", Limits),
                ("params", Free),
                ("inputs", File),
                ("outputs", File),
                ("caches", File),
                ("run", Run),
            ],
            Image => &[
                ("name", Free),
                (MERGE, Free),
                ("type", Free),
                ("source", Free),
                ("version", Free),
                ("params", Free),
                ("tags", Free),
            ],
            Run => &[(MERGE, Free), ("path", Free), ("args", Free), ("dir", Free), ("user", Free)],
            File => {
                &[("name", Free), (MERGE, Free), ("path", Free), ("optional", Free), ("ttl", Free)]
            }
            Limits => &[(MERGE, Free), ("cpu", Free), ("memory", Free)],
            Free => &[],
        }
    }
}

const JOB: Keys = &[
    ("name", Shape::Free),
    (MERGE, Shape::Free),
    ("old_name", Shape::Free),
    ("serial", Shape::Free),
    ("serial_groups", Shape::Free),
    ("max_in_flight", Shape::Free),
    ("build_log_retention", Shape::Retention),
    ("build_logs_to_retain", Shape::Free),
    ("public", Shape::Free),
    ("disable_manual_trigger", Shape::Free),
    ("disable_reruns", Shape::Free),
    ("interruptible", Shape::Free),
    ("tags", Shape::Free),
    ("plan", Shape::Step),
    ("on_success", Shape::Step),
    ("on_failure", Shape::Step),
    ("on_abort", Shape::Step),
    ("on_error", Shape::Step),
    ("ensure", Shape::Step),
];

const STEP: Keys = &[
    ("get", Shape::Free),
    ("put", Shape::Free),
    ("task", Shape::Free),
    ("run", Shape::Free),
    ("set_pipeline", Shape::Free),
    ("load_var", Shape::Free),
    (MERGE, Shape::Free),
    ("type", Shape::Free),
    ("config", Shape::Task),
    ("file", Shape::Free),
    ("image", Shape::Free),
    ("resource", Shape::Free),
    ("passed", Shape::Free),
    ("trigger", Shape::Free),
    ("version", Shape::Free),
    ("format", Shape::Free),
    ("reveal", Shape::Free),
    ("team", Shape::Free),
    ("privileged", Shape::Free),
    ("hermetic", Shape::Free),
    ("params", Shape::Free),
    ("vars", Shape::Free),
    ("var_files", Shape::Free),
    ("instance_vars", Shape::Free),
    ("inputs", Shape::Free),
    ("get_params", Shape::Free),
    ("no_get", Shape::Free),
    ("container_limits", Shape::Limits),
    ("input_mapping", Shape::Free),
    ("output_mapping", Shape::Free),
    ("across", Shape::AcrossVar),
    ("do", Shape::Step),
    ("in_parallel", Shape::Parallel),
    ("aggregate", Shape::Parallel),
    ("try", Shape::Step),
    ("fail_fast", Shape::Free),
    ("tags", Shape::Free),
    ("attempts", Shape::Free),
    ("timeout", Shape::Free),
    ("on_success", Shape::Step),
    ("on_failure", Shape::Step),
    ("on_abort", Shape::Step),
    ("on_error", Shape::Step),
    ("ensure", Shape::Step),
];

/// What an entry of a map has to do with anchors.
#[derive(Debug, Clone, Default)]
pub(super) struct Ties<'t> {
    /// Anchors in it.
    pub anchors: BTreeSet<&'t str>,
    /// Aliases in it.
    pub aliases: BTreeSet<&'t str>,
}

impl Ties<'_> {
    /// Whether one of the two must stay before the other.
    fn bind(&self, other: &Self) -> bool {
        let meet = |a: &BTreeSet<&str>, b: &BTreeSet<&str>| !a.is_disjoint(b);
        meet(&self.anchors, &other.anchors)
            || meet(&self.anchors, &other.aliases)
            || meet(&self.aliases, &other.anchors)
    }
}

/// The order of a map's entries, given as key and ties in the order of the file: by their places,
/// as far as aliases stay behind their anchors.
pub(super) fn order(shape: Shape, entries: &[(&str, Ties<'_>)]) -> Vec<usize> {
    if shape == Shape::Free || entries.len() > MOST_SORTED {
        return (0..entries.len()).collect();
    }
    let mut left: Vec<usize> = (0..entries.len()).collect();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_free = |at: usize| {
            let ties = &entries[left[at]].1;
            left[..at].iter().all(|&before| !entries[before].1.bind(ties))
        };
        // The first one is always free.
        let next = (0..left.len()).filter(|&at| is_free(at));
        let next = next.min_by_key(|&at| (shape.place(entries[left[at]].0), left[at]));
        order.push(left.remove(next.unwrap_or(0)));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_as_documented_and_anchors_first() {
        let ties = |anchors: &[&'static str], aliases: &[&'static str]| Ties {
            anchors: anchors.iter().copied().collect(),
            aliases: aliases.iter().copied().collect(),
        };
        let none = || ties(&[], &[]);
        let sorted = |shape, entries: Vec<(&'static str, Ties<'static>)>| -> Vec<&str> {
            order(shape, &entries).into_iter().map(|at| entries[at].0).collect()
        };
        let job = vec![("ensure", none()), ("plan", none()), ("own", none()), ("name", none())];
        assert_eq!(sorted(Shape::Job, job), ["name", "plan", "ensure", "own"]);
        let parked =
            vec![("jobs", ties(&[], &["a"])), ("z", ties(&["a"], &[])), ("groups", none())];
        assert_eq!(sorted(Shape::Pipeline, parked), ["groups", "jobs", "z"]);
        let parked = vec![("groups", none()), ("b", none()), ("a", none())];
        assert_eq!(sorted(Shape::Pipeline, parked), ["b", "a", "groups"]);
        let tied = vec![("file", ties(&["f"], &[])), ("task", ties(&[], &["f"])), ("get", none())];
        assert_eq!(sorted(Shape::Step, tied), ["get", "file", "task"]);
        let free = vec![("b", none()), ("a", none())];
        assert_eq!(sorted(Shape::Free, free), ["b", "a"]);
    }
}
