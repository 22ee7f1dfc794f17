//! The statistics: split and limit tests, intervals. Pure numbers: no apps, no policies, no I/O, no clock.
