"""What runs in the reading process, and only there: OpenCV, onnxruntime, dlib. No Django, no database, no network."""
