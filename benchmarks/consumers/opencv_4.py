"""OpenCV 4.13.0 (dnn)."""
# pip: opencv-python-headless==4.13.0.92

import cv2


def run(file, x, names):
    """Outputs by name."""
    net = cv2.dnn.readNetFromONNX(file)
    net.setInput(x, "x")
    return dict(zip(names, net.forward(names), strict=True))
