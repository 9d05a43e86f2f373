"""What trained models are asked, and how their answers become figures; training depends on nothing of it."""
