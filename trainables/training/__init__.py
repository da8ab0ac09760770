"""What trainables share in training a network and in measuring what it learnt."""
