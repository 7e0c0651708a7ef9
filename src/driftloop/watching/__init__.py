"""Who watches the monitor: an issue where its runs fail, and a ping where they do not."""
