"""OpenCV 5.0.0 (dnn)."""
# pip: opencv-python-headless==5.0.0.93

import cv2


def run(file, x, names):
    """Outputs by name."""
    net = cv2.dnn.readNetFromONNX(file)
    net.setInput(x, "x")
    return dict(zip(names, net.forward(names), strict=True))
