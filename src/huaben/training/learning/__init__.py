"""How a model is trained: the tiny base, SFT, DPO, over several seeds, and in several processes."""
