"""From a run folder to pictures and, in time, an answer."""
