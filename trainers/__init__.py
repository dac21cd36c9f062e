"""Makers of models: from a recipe and FER2013 to an artifact."""
