"""Deployment: .tflite files and their .ecz archives."""
