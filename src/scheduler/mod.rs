//! What should happen, given the facts and the time; pure.
