"""What people look at: pages, texts and plots."""
