"""How good a list of trends is on a stream whose bursts are known: upswell beside simpler methods, judged alike."""
