"""The one catalogue of sentences: English in the sources, other languages beside it as .po files"""
