/**
 * Test images of MNIST whose label fewer than three of five people agreed with: the 15 label errors that Northcutt, Athalye
 * and Mueller published (“Pervasive label errors in test sets destabilize machine learning benchmarks”, 2021), by position in
 * the test file, from the votes in mturk/mnist_mturk.json of the repository cleanlab/label-errors.
 */
export const publishedLabelErrors = [
  947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729,
];
