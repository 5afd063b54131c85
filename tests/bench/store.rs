//! Event logs and facts: the waits that people feel.

fn main() {
    divan::main();
}
