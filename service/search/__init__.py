"""What a run tries next: trials that were listed, draws for every variant, or a search."""
