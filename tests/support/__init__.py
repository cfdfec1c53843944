"""What several tests share: starters, readers, waiters."""
