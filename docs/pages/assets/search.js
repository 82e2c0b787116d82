// Search in pages that are opened from a folder: browsers refuse workers there, so that a hidden frame does their work.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      this.frame.srcdoc = `<script>var importScripts = () => {}</script><script src="${new URL(url, location.href)}"></script>`
      this.ready = new Promise((resolve) => (this.frame.onload = resolve))
      this.ready.then(() => {
        this.frame.contentWindow.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }))
      })
      document.documentElement.append(this.frame)
    }
    async postMessage(data) {
      await this.ready
      this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }))
    }
    terminate() {
      this.frame.remove()
    }
  }
}
