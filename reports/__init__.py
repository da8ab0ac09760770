"""From a run folder to pictures, verdicts and a page that answers its question."""
