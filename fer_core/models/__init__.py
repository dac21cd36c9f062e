"""One architecture a file: `build(classes)` gives a network that returns logits."""
