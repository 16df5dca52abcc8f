// SPDX-License-Identifier: Apache-2.0
//
// The words of a program that trains: types of the modules below, under one import.

import Datasets
import Jobs
import Layers
import Runtime
import Tensors

// Layers.
public typealias Activation = Layers.Activation
public typealias Add = Layers.Add
public typealias AveragePooling2D = Layers.AveragePooling2D
public typealias BatchNormalization = Layers.BatchNormalization
public typealias Concatenate = Layers.Concatenate
public typealias Conv2D = Layers.Conv2D
public typealias Conv2DTranspose = Layers.Conv2DTranspose
public typealias Cropping2D = Layers.Cropping2D
public typealias Dense = Layers.Dense
public typealias DepthwiseConv2D = Layers.DepthwiseConv2D
public typealias Dropout = Layers.Dropout
public typealias ELU = Layers.ELU
public typealias Flatten = Layers.Flatten
public typealias GELU = Layers.GELU
public typealias GaussianNoise = Layers.GaussianNoise
public typealias GlobalAveragePooling2D = Layers.GlobalAveragePooling2D
public typealias GlobalMaxPooling2D = Layers.GlobalMaxPooling2D
public typealias GroupNormalization = Layers.GroupNormalization
public typealias LayerNormalization = Layers.LayerNormalization
public typealias LeakyReLU = Layers.LeakyReLU
public typealias MaxPooling2D = Layers.MaxPooling2D
public typealias MinPooling2D = Layers.MinPooling2D
public typealias Multiply = Layers.Multiply
public typealias RandomContrast = Layers.RandomContrast
public typealias RandomFlip = Layers.RandomFlip
public typealias RandomRotation = Layers.RandomRotation
public typealias RandomTranslation = Layers.RandomTranslation
public typealias RandomZoom = Layers.RandomZoom
public typealias ReLU = Layers.ReLU
public typealias Rescaling = Layers.Rescaling
public typealias Reshape = Layers.Reshape
public typealias SeparableConv2D = Layers.SeparableConv2D
public typealias Sigmoid = Layers.Sigmoid
public typealias Softmax = Layers.Softmax
public typealias SpatialDropout2D = Layers.SpatialDropout2D
public typealias UpSampling2D = Layers.UpSampling2D
public typealias ZeroPadding2D = Layers.ZeroPadding2D

// What is said about them.
public typealias ActivationFunction = Layers.ActivationFunction
public typealias Initializer = Layers.Initializer
public typealias Layer = Layers.Layer
public typealias Loss = Layers.Loss
public typealias Margins = Layers.Margins
public typealias NamedTensor = Layers.NamedTensor
public typealias Node = Layers.Node
public typealias Padding = Layers.Padding
public typealias Preset = Layers.Preset
public typealias Regularizer = Layers.Regularizer
public typealias Shape = Tensors.Shape
public typealias Size2D = Layers.Size2D
public typealias WeightOptions = Layers.WeightOptions

// Optimizers and schedules.
public typealias Adagrad = Layers.Adagrad
public typealias Adam = Layers.Adam
public typealias AdamW = Layers.AdamW
public typealias CosineDecay = Layers.CosineDecay
public typealias CosineDecayRestarts = Layers.CosineDecayRestarts
public typealias ExponentialDecay = Layers.ExponentialDecay
public typealias InverseTimeDecay = Layers.InverseTimeDecay
public typealias LARS = Layers.LARS
public typealias Lamb = Layers.Lamb
public typealias LearningRate = Layers.LearningRate
public typealias OneCycle = Layers.OneCycle
public typealias PiecewiseConstantDecay = Layers.PiecewiseConstantDecay
public typealias PolynomialDecay = Layers.PolynomialDecay
public typealias RMSprop = Layers.RMSprop
public typealias SGD = Layers.SGD
public typealias UpdateRule = Layers.UpdateRule

// Jobs and their data.
public typealias Callbacks = Jobs.Callbacks
public typealias ClassWeight = Jobs.ClassWeight
public typealias ClusterOptions = Jobs.ClusterOptions
public typealias DatasetConfiguration = Datasets.DatasetConfiguration
public typealias DatasetError = Datasets.DatasetError
public typealias EarlyStopping = Jobs.EarlyStopping
public typealias InitialWeights = Jobs.InitialWeights
public typealias Job = Jobs.Job
public typealias JobError = Jobs.JobError
public typealias LabelledImages = Datasets.LabelledImages
public typealias ModelCheckpoint = Jobs.ModelCheckpoint
public typealias NumericsOptions = Jobs.NumericsOptions
public typealias Partition = Datasets.Partition
public typealias ReduceLROnPlateau = Jobs.ReduceLROnPlateau
public typealias TrainingOptions = Jobs.TrainingOptions

// Runs and what they tell.
public typealias EpochReport = Runtime.EpochReport
public typealias Evaluation = Runtime.Evaluation
public typealias FinalReport = Runtime.FinalReport
public typealias LocalWorkers = Runtime.LocalWorkers
public typealias RunEvent = Runtime.RunEvent
public typealias RuntimeError = Runtime.RuntimeError
public typealias StepReport = Runtime.StepReport
