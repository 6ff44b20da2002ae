"""The architectures by name, as frozen cards that the API and the UI list. Imports no torch."""

from dataclasses import dataclass

TORCHVISION = "BSD-3-Clause (torchvision)"
MONAI = "Apache-2.0 (MONAI)"
OWN = "Apache-2.0 (Fovea)"


@dataclass(frozen=True)
class Architecture:
    """A named network.

    ``kinds`` are the kinds of task it learns; ``parameters`` counts it with a three-channel stem and as published
    (classifiers with 1,000 outputs, segmenters with two); canvases must be at least ``minimum_size`` pixels a side
    and are rounded up to ``multiple_of``. ``head`` is the path of the layer that is replaced, ``stem`` that of the
    first convolution.
    """

    name: str
    title: str
    kinds: frozenset[str]
    parameters: int
    licence: str
    description: str
    minimum_size: int = 32
    multiple_of: int = 1
    head: str = ""
    stem: str = ""

    @property
    def pretrained(self) -> bool:
        """Whether torchvision's hub has ImageNet weights for it."""
        return self.licence == TORCHVISION


def _classifier(
    name: str,
    title: str,
    parameters: int,
    description: str,
    head: str,
    stem: str,
    minimum: int = 32,
    multiple: int = 1,
) -> Architecture:
    kinds = frozenset({"classification"})
    return Architecture(
        name, title, kinds, parameters, TORCHVISION, description, minimum, multiple, head=head, stem=stem
    )


def _segmenter(name: str, title: str, parameters: int, description: str, multiple: int) -> Architecture:
    kinds = frozenset({"segmentation", "classification"})
    return Architecture(name, title, kinds, parameters, MONAI, description, multiple, multiple)


_CARDS = (
    Architecture(
        "small_cnn",
        "Small CNN",
        frozenset({"classification"}),
        61_000,
        OWN,
        "About 60,000 parameters; trains in seconds on a CPU and holds up with few labels.",
        minimum_size=16,
    ),
    _classifier(
        "resnet18", "ResNet-18", 11_689_512, "The default on a GPU: quick and dependable.", "fc", "conv1"
    ),
    _classifier("resnet34", "ResNet-34", 21_797_672, "A deeper ResNet-18.", "fc", "conv1"),
    _classifier(
        "resnet50", "ResNet-50", 25_557_032, "Bottleneck blocks; for thousands of labels.", "fc", "conv1"
    ),
    _classifier(
        "densenet121",
        "DenseNet-121",
        7_978_856,
        "Dense connections; the usual choice for chest radiographs.",
        "classifier",
        "features.conv0",
    ),
    _classifier(
        "efficientnet_b0",
        "EfficientNet-B0",
        5_288_548,
        "Few parameters and operations; likes pretrained weights.",
        "classifier.1",
        "features.0.0",
    ),
    _classifier(
        "efficientnet_v2_s",
        "EfficientNetV2-S",
        21_458_488,
        "Larger and faster to train than EfficientNet-B0; likes pretrained weights.",
        "classifier.1",
        "features.0.0",
    ),
    _classifier(
        "convnext_tiny",
        "ConvNeXt-Tiny",
        28_589_128,
        "A modern convolutional network; needs pretrained weights or many labels.",
        "classifier.2",
        "features.0.0",
    ),
    _classifier(
        "vit_b_16",
        "ViT-B/16",
        86_567_656,
        "A vision transformer on 16-pixel patches; needs pretrained weights.",
        "heads.head",
        "conv_proj",
        minimum=32,
        multiple=16,
    ),
    _classifier(
        "vgg16",
        "VGG-16",
        138_357_544,
        "For comparison with older work; large and slow.",
        "classifier.6",
        "features.0",
    ),
    _classifier(
        "inception_v3",
        "Inception v3",
        27_161_264,
        "For comparison with older work; its auxiliary head is left out.",
        "fc",
        "Conv2d_1a_3x3.conv",
        minimum=80,
    ),
    _segmenter(
        "small_unet",
        "Small U-Net",
        841_016,
        "Five levels from 16 channels, BatchNorm; the quick choice on a CPU.",
        16,
    ),
    _segmenter(
        "unet",
        "U-Net",
        6_501_341,
        "Five levels from 32 channels, residual units, BatchNorm; the default.",
        16,
    ),
    _segmenter(
        "attention_unet", "Attention U-Net", 7_940_354, "A U-Net whose skip connections are gated.", 16
    ),
    _segmenter("segresnet", "SegResNet", 6_299_106, "A residual encoder and decoder with group norm.", 8),
    _segmenter(
        "dynunet", "DynUNet", 10_705_314, "nnU-Net's plain architecture: six levels, 32–320 channels.", 32
    ),
)

ARCHITECTURES: dict[str, Architecture] = {card.name: card for card in _CARDS}


def architecture(name: str) -> Architecture:
    """The card called ``name``.

    Raises:
        ValueError: there is none; the message lists what there is.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"There is no architecture “{name}”; choose one of {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[name]


def fit_size(name: str, size: int) -> int:
    """The smallest side in pixels ≥ ``size`` that the architecture takes."""
    card = architecture(name)
    side = max(size, card.minimum_size)
    return -(-side // card.multiple_of) * card.multiple_of
