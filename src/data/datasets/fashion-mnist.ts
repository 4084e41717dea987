import type { DatasetDefinition } from './dataset.js';

/** Zalando's Fashion-MNIST: a harder set in MNIST's format. */
export const fashionMnist: DatasetDefinition = {
  name: 'fashion-mnist',
  summary: 'clothing (Fashion-MNIST), 60,000 + 10,000 images, 28×28',
  licence: 'MIT',
  origin: 'H. Xiao, K. Rasul and R. Vollgraf, “Fashion-MNIST: a novel image dataset for benchmarking”, 2017',
  classNames: [
    'T-shirt/top',
    'Trouser',
    'Pullover',
    'Dress',
    'Coat',
    'Sandal',
    'Shirt',
    'Sneaker',
    'Bag',
    'Ankle boot',
  ],
  files: {
    'train-images': {
      bytes: 47_040_016,
      sha256: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
    },
    'train-labels': {
      bytes: 60_008,
      sha256: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
    },
    'test-images': {
      bytes: 7_840_016,
      sha256: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
    },
    'test-labels': {
      bytes: 10_008,
      sha256: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
    },
  },
  advice:
    'download its four files and run "mnist collect fashion-mnist --from FOLDER"; Debian’s package' +
    ' dataset-fashion-mnist has them in /usr/share/datasets/fashion-mnist',
};
