"""Addresses of files."""

from django.urls import path

from minjing.kernel.files import views

app_name = "files"
urlpatterns = [
    path("files/uploads/", views.begin, name="begin"),
    path("files/uploads/<uuid:upload_id>/", views.upload, name="upload"),
    path("files/uploads/<uuid:upload_id>/finish/", views.finish, name="finish"),
    path("files/<uuid:file_id>/", views.show, name="show"),
    path("files/<uuid:file_id>/small/", views.thumbnail, name="thumbnail"),
]
