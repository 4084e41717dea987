"""Python TensorFlow's own graph: the same step in a tf.function with the loop over an epoch in it, the data in memory."""

import sys

import tensorflow as tf

import protocol

options = protocol.arguments(xla="compile the step with XLA")
tf.config.threading.set_intra_op_parallelism_threads(options.threads)
tf.random.set_seed(options.seed)
protocol.emit(
    "start", threads=options.threads, versions={"tensorflow": tf.__version__, "python": sys.version.split()[0]}
)
RATE = protocol.LEARNING_RATES[options.optimizer]
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8
SHAPES = {
    "mlp": [(784, 128), (128,), (128, 64), (64,), (64, 10), (10,)],
    "cnn": [(3, 3, 1, 32), (32,), (3, 3, 32, 64), (64,), (9216, 128), (128,), (128, 10), (10,)],
}


def in_memory(split):
    images, labels = protocol.read_split(options.raw, split)
    return tf.constant(images[..., None]), tf.constant(labels.astype("int32"))


def initial_values():
    """Uniform within 1/sqrt(fan-in), biases too, as PyTorch's layers start."""
    values = []
    for shape in SHAPES[options.model]:
        if len(shape) > 1:
            limit = float(tf.reduce_prod(shape[:-1])) ** -0.5
        values.append(tf.random.uniform(shape, -limit, limit))
    return values


def mlp(images, _is_training):
    w1, b1, w2, b2, w3, b3 = parameters
    hidden = tf.nn.relu(tf.nn.bias_add(tf.reshape(images, [-1, 784]) @ w1, b1))
    hidden = tf.nn.relu(tf.nn.bias_add(hidden @ w2, b2))
    return tf.nn.bias_add(hidden @ w3, b3)


def cnn(images, is_training):
    k1, b1, k2, b2, w1, c1, w2, c2 = parameters
    maps = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(images, k1, 1, "VALID"), b1))
    maps = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(maps, k2, 1, "VALID"), b2))
    maps = tf.nn.max_pool2d(maps, 2, 2, "VALID")
    if is_training:
        maps = tf.nn.dropout(maps, 0.25)
    hidden = tf.nn.relu(tf.nn.bias_add(tf.reshape(maps, [-1, 9216]) @ w1, c1))
    if is_training:
        hidden = tf.nn.dropout(hidden, 0.5)
    return tf.nn.bias_add(hidden @ w2, c2)


train_images, train_labels = in_memory("train")
test_images, test_labels = in_memory("t10k")
parameters = [tf.Variable(value) for value in initial_values()]
means = [tf.Variable(tf.zeros_like(value)) for value in parameters]
variances = [tf.Variable(tf.zeros_like(value)) for value in parameters]
powers = [tf.Variable(1.0), tf.Variable(1.0)]
forward = {"mlp": mlp, "cnn": cnn}[options.model]


def update(gradients):
    if options.optimizer == "sgd":
        for parameter, gradient in zip(parameters, gradients):
            tf.raw_ops.ResourceApplyGradientDescent(var=parameter.handle, alpha=RATE, delta=gradient)
        return
    for power, beta in zip(powers, (BETA_1, BETA_2)):
        power.assign(power * beta)
    for parameter, mean, variance, gradient in zip(parameters, means, variances, gradients):
        tf.raw_ops.ResourceApplyAdam(
            var=parameter.handle,
            m=mean.handle,
            v=variance.handle,
            beta1_power=powers[0].read_value(),
            beta2_power=powers[1].read_value(),
            lr=RATE,
            beta1=BETA_1,
            beta2=BETA_2,
            epsilon=EPSILON,
            grad=gradient,
        )


@tf.function(jit_compile=options.xla)
def step(images, labels):
    with tf.GradientTape() as tape:
        logits = forward(images, True)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = tf.reduce_mean(losses)
    update(tape.gradient(loss, parameters))
    return loss


@tf.function
def train_in_graph(order):
    total = 0.0
    for index in tf.range(tf.shape(order)[0]):
        indices = order[index]
        total += step(tf.gather(train_images, indices), tf.gather(train_labels, indices))
    return total


def train_epoch(_epoch):
    order = tf.random.shuffle(tf.range(len(train_labels)))[: options.steps * protocol.BATCH]
    return float(train_in_graph(tf.reshape(order, [-1, protocol.BATCH]))) / options.steps


@tf.function(jit_compile=options.xla)
def count_correct(images, labels):
    return tf.reduce_sum(tf.cast(tf.equal(tf.argmax(forward(images, False), 1, tf.int32), labels), tf.int32))


@tf.function(jit_compile=options.xla)
def classify(images):
    return tf.argmax(forward(images, False), 1)


def test():
    correct = 0
    for start in range(0, len(test_labels), protocol.TEST_BATCH):
        batch = slice(start, start + protocol.TEST_BATCH)
        correct += count_correct(test_images[batch], test_labels[batch]).numpy()
    return int(correct) / len(test_labels)


def classify_one(index):
    return classify(test_images[index : index + 1]).numpy()


protocol.train(options, train_epoch, test)
protocol.infer(test, classify_one)
