"""A Django project of its own for django-viewflow 2.4."""
