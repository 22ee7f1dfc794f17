//! The stores: one folder a vendor, each behind [`crate::ports::Store`].

pub mod app_store;
