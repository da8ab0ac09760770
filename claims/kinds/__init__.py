"""The kinds of claims: what each says, which numbers it wants, and what it finds in a run."""
