"""What must hold before data is published: pandera for rows, Great Expectations for datasets, code between."""
