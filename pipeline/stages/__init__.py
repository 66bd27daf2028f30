"""One consumer's work on a batch: admit, and the views that settle the journal."""
