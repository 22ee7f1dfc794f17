//! Feature flag services: switching a feature off is a smaller lever than halting a rollout. None is supported yet.
