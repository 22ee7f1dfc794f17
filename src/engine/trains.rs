//! Trains and stalls, told: the watch is handed over, a date has come, a rollout stands still.
