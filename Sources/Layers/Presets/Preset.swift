// SPDX-License-Identifier: Apache-2.0
//
// Networks that a job can take by their name.

import Configuration

/// A known network, as a job names it: `model: {preset: resnet18, classes: 10}`.
///
/// All take pixels of 0 to 255, of any size that leaves something at their end, and end in logits. The
/// weights that each layer has are those of the source.
public enum Preset: String, Sendable, CaseIterable {
    /// The convolutional network of the TensorFlow tutorials, for CIFAR-10 (and smaller images).
    case cifarCNN = "cifar-cnn"
    /// The image classification network of the TensorFlow tutorials, for photographs of flowers.
    case flowersCNN = "flowers-cnn"
    /// The network of "Deep Learning with Python" for photographs of cats and dogs. For two classes it has
    /// one output, which `binary_crossentropy` takes.
    case catsdogsCNN = "catsdogs-cnn"
    /// LeNet-5 with all its maps connected, average pools and tanh, for digits of 28x28 pixels.
    ///
    /// - Source: LeCun et al. (1998), "Gradient-Based Learning Applied to Document Recognition".
    case lenet5
    /// - Source: Simonyan and Zisserman (2014), "Very Deep Convolutional Networks for Large-Scale Image
    ///   Recognition", configurations D and E.
    case vgg16, vgg19
    /// Residual networks for images as small as CIFAR's, of 16, 32 and 64 filters, with 1x1 convolutions as
    /// shortcuts where shapes change.
    ///
    /// - Source: He et al. (2015), "Deep Residual Learning for Image Recognition", section 4.2.
    case resnet20, resnet56, resnet110
    /// Residual networks of 64 to 512 filters in their form for small images: the stem is one 3x3
    /// convolution. The last one has bottlenecks.
    case resnet18, resnet34, resnet50
    /// The same as published: for images of about 224x224 pixels, the stem a strided 7x7 convolution and a
    /// pool.
    case resnet18ImageNet = "resnet18-imagenet"
    case resnet34ImageNet = "resnet34-imagenet"
    case resnet50ImageNet = "resnet50-imagenet"
    /// - Source: Howard et al. (2017), "MobileNets: Efficient Convolutional Neural Networks for Mobile
    ///   Vision Applications".
    case mobilenet
    /// - Source: Sandler et al. (2018), "MobileNetV2: Inverted Residuals and Linear Bottlenecks".
    case mobilenetV2 = "mobilenet-v2"
    /// Version 1.0. It ends in a convolution of one filter a class and the mean of each map.
    ///
    /// - Source: Iandola et al. (2016), "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and
    ///   < 0.5MB model size".
    case squeezenet

    /// The layers that it stands for.
    public func nodes(classes: Int) -> [Node] {
        let body =
            switch self {
            case .cifarCNN: StudyNetwork.cifar
            case .flowersCNN: StudyNetwork.flowers
            case .catsdogsCNN: StudyNetwork.catsdogs
            case .lenet5: StudyNetwork.lenet5
            case .vgg16: VGG.nodes([2, 2, 3, 3, 3])
            case .vgg19: VGG.nodes([2, 2, 4, 4, 4])
            case .resnet20: ResidualNetwork(.small(16), [3, 3, 3]).nodes
            case .resnet56: ResidualNetwork(.small(16), [9, 9, 9]).nodes
            case .resnet110: ResidualNetwork(.small(16), [18, 18, 18]).nodes
            case .resnet18: ResidualNetwork(.small(64), [2, 2, 2, 2]).nodes
            case .resnet34: ResidualNetwork(.small(64), [3, 4, 6, 3]).nodes
            case .resnet50: ResidualNetwork(.small(64), [3, 4, 6, 3], isBottleneck: true).nodes
            case .resnet18ImageNet: ResidualNetwork(.large, [2, 2, 2, 2]).nodes
            case .resnet34ImageNet: ResidualNetwork(.large, [3, 4, 6, 3]).nodes
            case .resnet50ImageNet:
                ResidualNetwork(.large, [3, 4, 6, 3], isBottleneck: true).nodes
            case .mobilenet: MobileNet.nodes
            case .mobilenetV2: MobileNetV2.nodes
            case .squeezenet: SqueezeNet.nodes(classes: classes)
            }
        let units = self == .catsdogsCNN && classes == 2 ? 1 : classes
        let end = self == .squeezenet ? [] : [Node(Dense(units))]
        return [Node(Rescaling(scale: 1 / 255))] + body + end
    }
}
