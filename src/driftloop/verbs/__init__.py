"""What people type: one module for each kind of verb. Each verb imports what it needs when it runs."""
