"""What may be shown: decisions of moderators, the state they add up to, and the log that keeps them."""
