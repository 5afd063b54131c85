//! Text → pipeline and diagnostics. Reading never fails: it always reports.
