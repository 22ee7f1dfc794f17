//! Plans that tie apps together: what a step waits for, and what a halt of one app does to the others.
