"""Judgement over transcripts. A rule knows nothing of who produced the transcript."""
