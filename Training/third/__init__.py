"""The third generation of the shapes model: a world whose prompts leave open what they do not name.  See ../third_generation.py."""
