//! Executions: where the run of a policy for a release stands, and who moved it there.
