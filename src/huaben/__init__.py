"""huaben (话本): a novel in; versioned, quality-gated fine-tuning datasets and a measured model out."""

__version__ = "0.1.0"
