package catalogue

// creatives are those of every campaign, with something of each kind. The verb
// is the advertiser's domain.
const creatives = `creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.example/300x250.jpg"}, click: "https://%[1]s/"}
  - {name: leaderboard, banner: {size: 728x90, image: "https://cdn.example/728x90.jpg"}, click: "https://%[1]s/"}
  - {name: sky, banner: {size: 160x600, image: "https://cdn.example/160x600.jpg"}, click: "https://%[1]s/"}
  - {name: mobile, banner: {size: 320x50, image: "https://cdn.example/320x50.jpg"}, click: "https://%[1]s/"}
  - {name: full, banner: {size: 320x480, image: "https://cdn.example/320x480.jpg"}, click: "https://%[1]s/"}
  - name: film
    video:
      duration: 15s
      media:
        - {url: "https://cdn.example/film-1080.mp4", mime: video/mp4, width: 1920, height: 1080, bitrate: 4000}
        - {url: "https://cdn.example/film-360.mp4", mime: video/mp4, width: 640, height: 360, bitrate: 1200}
    click: "https://%[1]s/"
  - name: spot
    audio:
      duration: 15s
      media: [{url: "https://cdn.example/spot.mp3", mime: audio/mpeg, bitrate: 128}]
    click: "https://%[1]s/"
  - name: story
    native:
      title: [A short story, A story that is somewhat longer than the short one]
      text: [What it is about.]
      sponsored: Example
      cta: [Read]
      icon: [{url: "https://cdn.example/icon-${W}x${H}.png", mime: image/png}]
      image: [{url: "https://cdn.example/story-${W}x${H}.jpg", mime: image/jpeg}]
      privacy: "https://%[1]s/privacy"
    click: "https://%[1]s/"
`
